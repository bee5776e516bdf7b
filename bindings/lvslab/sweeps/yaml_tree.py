# SPDX-License-Identifier: GPL-2.0-only
"""YAML as nodes that know their places, read as strictly as lvslab reads scenarios."""
import re

import yaml

# `lognormal { mean: 12KiB, sigma: 1.2 }` is lvslab's, not YAML's: masked by as many characters that
# a plain scalar may have, so that places stay what they are.
_NAMED_MAPPING = re.compile(r"\b(constant|exponential|uniform|lognormal|pareto|empirical)"
                            r"([ \t]*)\{([^{}\n]*)\}")


def _masked(match):
    inner = match.group(3).translate(str.maketrans({":": ";", ",": ";"}))
    return f"{match.group(1)}{match.group(2)}({inner})"


def compose(text, findings):
    """The root node of the text, or None with a finding. Nodes are yaml.ScalarNode and so on."""
    masked = _NAMED_MAPPING.sub(_masked, text)
    try:
        root = yaml.compose(masked, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        hint = "; a path with brackets needs quotes here" if "got '['" in error.problem else ""
        findings.at(error.problem_mark or error.context_mark, f"{error.problem}{hint}")
        return None
    except yaml.YAMLError as error:
        findings.at(None, str(error).replace("\n", " "))
        return None
    if not isinstance(root, yaml.MappingNode):
        findings.at(root.start_mark if root is not None else None,
                    "expected a mapping of keys and values")
        return None
    if masked != text:
        _restore(root, text)
    _refuse_double_keys(root, findings)
    return root


def _restore(node, text):
    """Gives plain scalars the words that were masked."""
    if isinstance(node, yaml.ScalarNode):
        if node.style is None and "(" in node.value:
            node.value = text[node.start_mark.index:node.end_mark.index].rstrip()
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _restore(item, text)
    else:
        for key, value in node.value:
            _restore(key, text)
            _restore(value, text)


def _refuse_double_keys(node, findings):
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _refuse_double_keys(item, findings)
    if not isinstance(node, yaml.MappingNode):
        return
    seen = set()
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            findings.at(key.start_mark, "a key is a word")
            continue
        if key.value in seen:
            findings.at(key.start_mark, f'"{key.value}" is given twice')
        seen.add(key.value)
        _refuse_double_keys(value, findings)


def children(node):
    """name -> (key node, value node) of a mapping."""
    return {key.value: (key, value) for key, value in node.value if is_scalar(key)}


def is_mapping(node):
    return isinstance(node, yaml.MappingNode)


def is_list(node):
    return isinstance(node, yaml.SequenceNode)


def is_scalar(node):
    return isinstance(node, yaml.ScalarNode)
