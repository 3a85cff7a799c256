"""Where the time goes in what misses its target, or nearly: traces and samples, made after the rows are measured, because
tracing slows down what it looks at. Each gives lines of Markdown.
"""

from . import placement, registration, sampling

PROFILES = {
    "placement": placement.make,
    "registration": registration.make,
    "sweep": sampling.sweep,
    "storm": sampling.storm,
}
