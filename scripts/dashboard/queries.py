"""The dashboard's queries, asked of a Prometheus."""

import json
import urllib.parse
import urllib.request


class Queries:
    """`begin` and `end` in seconds since the epoch: what the dashboard shows."""

    def __init__(self, url, begin, end, step=5):
        self.url, self.begin, self.end, self.step = url, begin, end, step

    def part(self, at):
        """Of the time shown: 0 is its begin, 1 its end."""
        return (at - self.begin) / (self.end - self.begin)

    def _ask(self, path, **parameters):
        query = urllib.parse.urlencode(parameters)
        with urllib.request.urlopen(f"{self.url}/api/v1/{path}?{query}", timeout=30) as answer:
            return json.load(answer)["data"]["result"]

    def _expression(self, target):
        """With Grafana's variables filled in. An interval of four scrapes is what Grafana takes, too."""
        values = {"$__rate_interval": f"{4 * self.step}s", "$__range": f"{int(self.end - self.begin)}s",
                  "$instance": ".*"}
        expression = target["expr"]
        for variable, value in values.items():
            expression = expression.replace(variable, value)
        return expression

    def over_time(self, target):
        """[(labels, [(time, value)…])…]"""
        found = self._ask("query_range", query=self._expression(target), start=self.begin, end=self.end, step=self.step)
        return [(each["metric"], [(at, float(value)) for at, value in each["values"]]) for each in found]

    def now(self, target):
        """[(labels, value)…]"""
        found = self._ask("query", query=self._expression(target), time=self.end)
        return [(each["metric"], float(each["value"][1])) for each in found]
