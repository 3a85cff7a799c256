"""What a C++ source defines at namespace scope, read from its text: enough to see two files define the same name.

It reads tokens, not C++: it knows no header and no macro of ours. It skips what it does not understand.
"""

import re
from typing import NamedTuple

TOKEN = re.compile(r"""
    (?P<space> \s+ | //[^\n]* | /\*.*?\*/ | ^[ \t]*\#(?:[^\n\\]|\\\n|\\.)* )
  | (?P<text> (?:u8|[uUL])?R"(?P<mark>[^(\s]*)\(.*?\)(?P=mark)" | (?:u8|[uUL])?"(?:[^"\\\n]|\\.)*" | '(?:[^'\\\n]|\\.)*' )
  | (?P<word> [A-Za-z_]\w* | \d(?:[\w.]|'(?=\w))* )
  | (?P<mark_> :: | -> | [^\s\w] )""", re.VERBOSE | re.DOTALL | re.MULTILINE)

CLOSING = {"(": ")", "[": "]", "{": "}"}
BUILT_IN = {"void", "bool", "char", "short", "int", "long", "float", "double", "signed", "unsigned", "auto", "const"}
TYPE_KEYWORDS = ("class", "struct", "union", "enum")
NAMELESS = "{}"
TEST_MACROS = ("TEST", "TEST_F", "TEST_P")


class Definition(NamedTuple):
    scope: str  # the namespaces around it that have a name
    name: str
    kind: str  # function, type, alias or variable
    detail: tuple = ()  # of a function: its parameters' types; of an alias: what it stands for
    least: int = 0  # of a function: how many arguments it cannot do without
    is_local: bool = False  # in a namespace without a name, or static
    is_declaration: bool = False  # of a function, without its body


def tokens_of(text):
    return [found.group() for found in TOKEN.finditer(text) if found.lastgroup != "space" and not found.group("space")]


def end_of(tokens, at):
    """Behind the bracket that closes the one at `at`."""
    depth = 0
    for i in range(at, len(tokens)):
        if tokens[i] in CLOSING:
            depth += 1
        elif tokens[i] in CLOSING.values():
            depth -= 1
            if depth == 0:
                return i + 1
    return len(tokens)


def end_of_angles(tokens, at):
    depth = 0
    i = at
    while i < len(tokens):
        if tokens[i] in CLOSING:
            i = end_of(tokens, i)
            continue
        depth += {"<": 1, ">": -1}.get(tokens[i], 0)
        i += 1
        if depth == 0:
            break
    return i


def without_prefix(tokens):
    """Without attributes, alignas, template heads and what these require."""
    kept, i = [], 0
    while i < len(tokens):
        if tokens[i:i + 2] == ["[", "["]:
            i = end_of(tokens, i)
        elif tokens[i] in ("alignas", "__attribute__", "requires") and tokens[i + 1:i + 2] == ["("]:
            i = end_of(tokens, i + 1)
        elif tokens[i] == "template" and tokens[i + 1:i + 2] == ["<"]:
            i = end_of_angles(tokens, i + 1)
        elif tokens[i] in CLOSING:
            end = end_of(tokens, i)
            kept += tokens[i:end]
            i = end
        else:
            kept.append(tokens[i])
            i += 1
    return kept


def head_of(tokens):
    """The tokens before the first bracket or initializer outside of template arguments, and where that is."""
    head, i = [], 0
    while i < len(tokens):
        token = tokens[i]
        if token == "operator":
            end = i + 1 + (2 if tokens[i + 1:i + 3] == ["(", ")"] else 0)
            while end < len(tokens) and tokens[end] != "(":
                end += 1
            return head + ["".join(tokens[i:end])], end
        if token == "decltype":
            i = end_of(tokens, i + 1)
            head.append("decltype")
        elif token == "<":
            i = end_of_angles(tokens, i)
            head.append("<>")
        elif token in "({[=;,":
            break
        else:
            head.append(token)
            i += 1
    return head, i


def split(tokens):
    """At the commas outside of all brackets."""
    parts, part, i = [], [], 0
    while i < len(tokens):
        if tokens[i] == ",":
            parts.append(part)
            part, i = [], i + 1
            continue
        end = end_of(tokens, i) if tokens[i] in CLOSING else end_of_angles(tokens, i) if tokens[i] == "<" else i + 1
        part += tokens[i:end]
        i = end
    return parts + [part] if part or parts else []


def type_of(parameter):
    """A parameter's type without its name."""
    kept = list(parameter)
    if kept and kept[-1] == "]":
        at = max(i for i, token in enumerate(kept) if token == "[")
        return type_of(kept[:at]) + " *"
    has_name = len(kept) > 1 and re.match(r"[A-Za-z_]", kept[-1]) and kept[-1] not in BUILT_IN and kept[-2] != "::"
    if has_name and any(re.match(r"[A-Za-z_]", token) and token not in ("const", *TYPE_KEYWORDS) for token in kept[:-1]):
        kept.pop()
    if not {"&", "*"} & set(kept):
        kept = [token for token in kept if token != "const"]  # by value it is the same function
    return " ".join(kept)


def function_of(scope, name, parameters):
    types, least = [], 0
    for parameter in split(parameters):
        if "=" in parameter:
            parameter = parameter[:parameter.index("=")]
        else:
            least = len(types) + 1
        types.append(type_of(parameter))
    if types == ["void"]:
        types, least = [], 0
    return Definition(scope, name, "function", tuple(types), least)


def is_word(token):
    return re.fullmatch(r"[A-Za-z_]\w*", token) is not None


def types_of(scope, tokens):
    """A class or an enumeration, and the enumerators that are names of its surroundings."""
    is_scoped = tokens[0] != "enum" or tokens[1:2] in (["class"], ["struct"])
    words = tokens[1:tokens.index("{")]
    name = next((word for word in words if word not in TYPE_KEYWORDS), ":")
    rest = words[words.index(name) + 1:] if name in words else []
    if is_word(name) and rest[:1] not in (["<"], ["::"]):
        yield Definition(scope, name, "type")
    if not is_scoped:
        at = tokens.index("{")
        for each in split(tokens[at + 1:end_of(tokens, at) - 1]):
            yield Definition(scope, each[0], "variable")


def is_type(tokens):
    if tokens[0] not in TYPE_KEYWORDS or "{" not in tokens:
        return False
    head = tokens[1:tokens.index("{")]
    if ":" in head:
        return True
    words = [word for word in head if word not in (*TYPE_KEYWORDS, "final")]
    return "(" not in head and "=" not in head and (len(words) < 2 or "::" in words or "<" in words)


def of_declaration(scope, tokens):
    tokens = without_prefix(tokens)
    if not tokens or tokens[0] in ("static_assert", "typedef", "friend", "extern", ";"):
        return
    if tokens[0] == "using":
        if "=" in tokens:
            yield Definition(scope, tokens[1], "alias", tuple(tokens[tokens.index("=") + 1:]))
        return
    if is_type(tokens):
        yield from types_of(scope, tokens)
        return
    head, at = head_of(tokens)
    if not head or head[-2:-1] == ["::"] or not (is_word(head[-1]) or head[-1].startswith("operator")):
        return  # a member, a specialization, or nothing that we know
    name, bracket = head[-1], tokens[at] if at < len(tokens) else ";"
    if head[0] in TYPE_KEYWORDS and bracket == ";" and (len(head) == 2 or head[1] in TYPE_KEYWORDS or ":" in head):
        return  # a type's declaration
    if len(head) == 1:  # a macro
        words = tokens[at + 1:end_of(tokens, at) - 1] if bracket == "(" else []
        if name in TEST_MACROS and len(words) == 3:
            yield Definition(scope, f"{words[0]}.{words[2]}", "type")
        elif name.startswith("MATCHER") and words:
            yield Definition(scope, words[0], "variable")
    elif bracket == "(" and (tokens[-1] == "}" or not re.match(r"k[A-Z]", name)):
        function = function_of(scope, name, tokens[at + 1:end_of(tokens, at) - 1])
        yield function._replace(is_declaration=tokens[-1] != "}")
    else:
        yield Definition(scope, name, "variable")


def end_of_declaration(tokens, at):
    """Behind the `;` or, of a function, the body."""
    i, has_parameters, is_initialized = at, False, tokens[at] in TYPE_KEYWORDS and is_type(tokens[at:])
    while i < len(tokens):
        token = tokens[i]
        if token == ";":
            return i + 1
        if token == "}":
            return i  # of the namespace
        if token == "=" and tokens[i - 1] != "operator":
            is_initialized = True
        elif token == ":" and has_parameters and not is_initialized:  # of a constructor: each with brackets
            i += 1
            while i < len(tokens) and tokens[i] != "{" or is_word(tokens[i - 1]) or tokens[i - 1] == ">":
                i = end_of(tokens, i) if tokens[i] in CLOSING else i + 1
            continue
        elif token in CLOSING:
            end = end_of(tokens, i)
            if token == "{" and has_parameters and not is_initialized:
                return end
            has_parameters = has_parameters or token == "("
            i = end
            continue
        i += 1
    return i


def definitions(text):
    """Those of a source in all its namespaces, and the functions that it declares."""
    tokens = tokens_of(text)
    found, scopes, i = [], [], 0
    while i < len(tokens):
        if tokens[i] == "}":
            if scopes:
                scopes.pop()
            i += 1
            continue
        if tokens[i:i + 2] == ["inline", "namespace"]:
            i += 1
        if tokens[i] == "namespace" or tokens[i] == "extern" and tokens[i + 2:i + 3] == ["{"]:
            end = i
            while tokens[end] not in ("{", ";"):
                end += 1
            if tokens[end] == "{":
                scopes.append("".join(tokens[i + 1:end]) or NAMELESS if tokens[i] == "namespace" else "")
            i = end + 1
            continue
        end = max(end_of_declaration(tokens, i), i + 1)
        is_local = NAMELESS in scopes or "static" in tokens[i:i + 3]
        found += [each._replace(is_local=is_local)
                  for each in of_declaration("::".join(name for name in scopes if name not in ("", NAMELESS)), tokens[i:end])]
        i = end
    return found


def collide(one, other):
    """May the two not stand in one file?"""
    if (one.scope, one.name) != (other.scope, other.name):
        return False
    if one.kind == other.kind == "alias":
        return one.detail != other.detail
    if one.kind != "function" or other.kind != "function":
        return True
    # Some call fits both: they are the same function, or their default arguments make them so.
    shared = 0
    for left, right in zip(one.detail, other.detail):
        if left != right:
            break
        shared += 1
    longest = min(len(one.detail), len(other.detail))
    return max(one.least, other.least) <= min(shared, longest)
