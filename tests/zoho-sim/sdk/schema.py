"""Zoho's own schema, read from the installed SDK: which class answers which call, and whether a value fits a class.

Paths and classes come from the SDK's `*_operations.py` files (by their syntax tree), shapes from `json_details.json`.
"""

import ast
import importlib.util
import json
import pathlib
import re

PREFIX = "zohocrmsdk.src.com.zoho.crm.api."
SOURCE = pathlib.Path(importlib.util.find_spec("zohocrmsdk").origin).parent / "src"
CLASSES = json.loads((SOURCE / "json_details.json").read_text())

# Documented, and the SDK has the classes, but no operation of its own.
EXTRA = [
    ("GET", "/crm/v8/actions/email_available", None, "associate_email.Available"),
    ("POST", "/crm/v8/{}/{}/Notes", "notes.BodyWrapper", "notes.ActionHandler"),
    ("GET", "/crm/v8/{}/{}/Notes", None, "notes.ResponseHandler"),
]
# Record fields are the organisation's own.
OPEN = {"record.Record", "deal_contact_roles.Data"}
# The schema lists some codes and messages of errors and successes, not all.
LOOSE = {"code", "message"}
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d")
DATE = re.compile(r"\d{4}-\d\d-\d\d")


def operations():
    """(method, path with {} for parameters, request class, response class) of every operation of the SDK."""
    found = list(EXTRA)
    for file in sorted((SOURCE / "com/zoho/crm/api").glob("*/*_operations.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.FunctionDef):
                operation = operation_of(node, file.parent.name)
                if operation:
                    found.append(operation)
    return found


def operation_of(function, package):
    path, method, response, request = "", None, None, None
    imported = {}
    for node in ast.walk(function):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith(PREFIX):
            for name in node.names:
                imported[name.name] = class_of(node.module)
    for node in function.body:
        for part in ast.walk(node):
            if isinstance(part, ast.Assign) and getattr(part.targets[0], "id", "") == "api_path":
                path += text_of(part.value)
            elif isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute):
                if part.func.attr == "set_http_method":
                    method = part.args[0].attr.replace("REQUEST_METHOD_", "")
                elif part.func.attr == "api_call":
                    response = imported.get(part.args[0].value.id)
                elif part.func.attr == "set_request":
                    request = request_class(function, imported)
    return (method, path, request, response) if path and method and response else None


def class_of(module):
    """`….notes.body_wrapper` -> `notes.BodyWrapper`, as the schema spells it."""
    package, file = module[len(PREFIX):].rsplit(".", 1)
    flat = file.replace("_", "").lower()
    names = (name for name in CLASSES if name.startswith(f"{PREFIX}{package}."))
    for name in names:
        short = name[len(PREFIX):].rsplit(".", 1)[1]
        if flat in (short.lower(), short.lower() + "1"):
            return f"{package}.{short}"
    return None


def request_class(function, imported):
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "isinstance" and node.args[0].id == "request":
            return imported.get(getattr(node.args[1], "id", None))
    return None


def text_of(node):
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.BinOp):
        return text_of(node.left) + text_of(node.right)
    return "{}" if isinstance(node, ast.Call) else ""


def operation_for(known, method, path):
    """The operation with the most literal path that fits."""
    def fits(template):
        theirs, ours = template.split("/"), path.split("/")
        return len(theirs) == len(ours) and all(t in ("{}", o) for t, o in zip(theirs, ours))

    fitting = [operation for operation in known if operation[0] == method and fits(operation[1])]
    return min(fitting, key=lambda operation: operation[1].count("{}"), default=None)


def problems(value, name, where="$"):
    """What is wrong with a value that should be of the class; an empty list when it fits."""
    shape = CLASSES[name if name.startswith(PREFIX) else PREFIX + name]
    if shape.get("interface"):
        # The alternative that shares most keys is the one meant; by fewest problems alone the wrong one is blamed.
        def closeness(alternative):
            shared = members_of(CLASSES[alternative]).keys() & value.keys() if isinstance(value, dict) else ()
            return len(shared), -len(problems(value, alternative, where))

        return problems(value, max(shape["classes"], key=closeness), where)
    short = name.replace(PREFIX, "")
    if not isinstance(value, dict):
        return [f"{where}: {short} should be an object, is {value!r}"]
    members = members_of(shape)
    found = []
    if value and short not in OPEN and not members.keys() & value.keys():
        found.append(f"{where}: nothing of {short}")
    for key, inner in value.items():
        member = members.get(key)
        if member is None:
            if short not in OPEN:
                found.append(f"{where}: {short} has no `{key}`")
        elif inner is not None:
            found += member_problems(inner, member, f"{where}.{key}", key in LOOSE)
    return found


def members_of(shape):
    """Wire name -> description; `keyModified` is the SDK's own bookkeeping."""
    members = (member for member in shape.values() if isinstance(member, dict) and "name" in member)
    return {member["name"]: member for member in members if member["name"] != "keyModified"}


def member_problems(value, member, where, loose):
    kind = member["type"]
    if kind.endswith("util.Choice"):
        allowed = member.get("values")
        known = not allowed or loose or str(value).lower() in {str(one).lower() for one in allowed}
        return [] if known else [f"{where}: {value!r} is not among {allowed}"]
    if kind == "List":
        if not isinstance(value, list):
            return [f"{where}: should be a list, is {value!r}"]
        inner = member.get("sub_type") or {"type": "Object"}
        if member.get("structure_name"):
            inner = {"type": member["structure_name"]}
        return [p for n, one in enumerate(value) for p in member_problems(one, inner, f"{where}[{n}]", False)]
    if kind.startswith(PREFIX):
        return problems(value, kind, where)
    return [] if of_type(value, kind) else [f"{where}: should be {kind}, is {value!r}"]


def of_type(value, kind):
    text = isinstance(value, str)
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    checks = {
        "String": lambda: text,
        "TimeZone": lambda: text,
        "Integer": lambda: isinstance(value, int) and number,
        # Ids are strings of digits; the one Long that is a number is a count.
        "Long": lambda: (text and value.isdigit()) or (isinstance(value, int) and number and value < 10**9),
        "Double": lambda: number,
        "Float": lambda: number,
        "Boolean": lambda: isinstance(value, bool),
        "DateTime": lambda: text and TIME.fullmatch(value),
        "Date": lambda: text and DATE.fullmatch(value),
        "Map": lambda: isinstance(value, dict),
        "HashMap": lambda: isinstance(value, dict),
        "Object": lambda: True,
    }
    return checks.get(kind, lambda: False)()
