"""Templates that try to get out, or to work for ever."""

import time

import jinja2
import pytest
from jinja2.exceptions import SecurityError

from loopwright.llm.prompts.sandbox import MOST_TEMPLATE, MOST_TEXT, compiled

DOUBLED = "".join(
    ["{% set x = 'aaaaaaaaaaaaaaaa' %}", *["{% set x = x ~ x %}"] * 60, "{{ x|length }}"],
)
NESTED = "".join(["{% set x = [1] %}", *["{% set x = [x, x] %}"] * 60, "{{ x }}"])


@pytest.mark.parametrize(
    "template",
    [
        "{{ ''.__class__ }}", "{{ ''.__class__.__mro__[1].__subclasses__() }}", "{{ x.__init__.__globals__ }}",
        "{{ x['__class__'] }}", "{{ x.pop() }}", "{{ x.append(1) }}", "{{ 'a'.ljust(9) }}",
        "{{ '{0.__class__}'.format(1) }}",
        "{{ 'a' * 1000000000 }}", "{{ 1000000000 * 'a' }}", "{{ 10 ** 100000000 }}", "{{ (10 ** 900) ** 900 }}",
        "{{ '%1000000000d' % 1 }}", "{{ [x] * 100000000 }}",
        DOUBLED, NESTED, "{{ x|replace('', 'y' * 100000) * 99999 }}",
        "{% for a in n %}{% for b in n %}{% for c in n %}{% endfor %}{% endfor %}{% endfor %}",
        "{{ n|join('y' * 100000) }}", "{% for a in n %}{{ 'y' * 100000 }}{% endfor %}",
        "{{ long|replace('a', 'bbbbbbbb') }}",
        "{% for a in n %}{% for b in n if b > a %}{% endfor %}{% endfor %}",
    ],
)  # fmt: skip
def test_what_templates_may_not_do_is_refused_in_little_time(template: str) -> None:
    values = {"x": ["abc"], "n": list(range(1000)), "long": "a" * 1_000_000}
    began = time.process_time()
    with pytest.raises((SecurityError, jinja2.UndefinedError)):
        compiled(template).render(values)
    assert time.process_time() - began < 2.0


@pytest.mark.parametrize(
    "template",
    [
        "{{ range(10) }}", "{{ lipsum() }}", "{{ cycler('a') }}", "{% macro f() %}{% endmacro %}",
        "{% include '/etc/passwd' %}",
        "{% import 'os' as os %}", "{% from 'os' import x %}", "{% extends 'a' %}", "{% block a %}{% endblock %}",
        "{{ x|attr('__class__') }}", "{{ x|center(99) }}", "{{ x|format(1) }}", "{{ x|pprint }}", "{{ _steps }}",
        "{{ self }}",
        "{{ x|_counted }}", "{{ x|_made }}", "{% for a in x recursive %}{{ loop(x) }}{% endfor %}",
        "{{ " + "(" * 500 + "1" + ")" * 500 + " }}", "{{ x", "{% if %}", "{% call f() %}{% endcall %}",
        "{% filter upper %}a{% endfilter %}", "{% autoescape true %}{% endautoescape %}",
    ],
)  # fmt: skip
def test_what_is_no_template_of_a_prompt_is_refused_before_it_is_rendered(template: str) -> None:
    with pytest.raises(jinja2.TemplateSyntaxError):
        compiled(template)


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("Hello {{ name|upper }}!", "Hello ANN!"),
        (
            "{% for d in docs %}{{ loop.index }}: {{ d.text }}{% if not loop.last %}, {% endif %}{% endfor %}",
            "1: a, 2: b",
        ),
        ("{% for d in docs if d.text == 'b' %}{{ d.text }}{% else %}none{% endfor %}", "b"),
        ("{{ docs|map(attribute='text')|join(' / ') }} of {{ docs|length }}", "a / b of 2"),
        ("{{ name ~ '-' ~ 3 }} {{ 2 * 3 + 1 }} {{ 'ab' * 2 }}", "ann-3 7 abab"),
        ("{{ {'a': [1, 2]}|tojson }}", '{"a":[1,2]}'),
        ("{% set greeting = 'hi' %}{{ greeting if name is defined else 'bye' }}", "hi"),
        ("{{ name.split('n')|first }} {{ docs[0].get('text') }} {{ name[1:] }}", "a a nn"),
        ("{% for k, v in docs[0].items() %}{{ k }}={{ v }}{% endfor %}", "text=a"),
        ("{{ 'a\nb'|indent(2) }}", "a\n  b"),
        ("{{ [1, 2.5]|sum }}", "3.5"),
    ],
)
def test_what_prompts_need_works(template: str, text: str) -> None:
    assert compiled(template).render({"name": "ann", "docs": [{"text": "a"}, {"text": "b"}]}) == text


def test_json_keeps_letters_and_signs_as_they_are() -> None:
    assert compiled("{{ x|tojson(indent=2) }}").render({"x": {"a": "\u00e9 <b>"}}) == '{\n  "a": "\u00e9 <b>"\n}'


def test_a_value_of_a_megabyte_is_rendered() -> None:
    assert len(compiled("{{ x }}").render({"x": "y" * 1_048_576})) == 1_048_576


def test_a_text_over_the_limit_is_refused_whatever_made_it() -> None:
    assert len(compiled("{{ x }}").render({"x": "y" * MOST_TEXT})) == MOST_TEXT
    with pytest.raises(SecurityError, match="more than"):
        compiled("{{ x }}{{ x }}").render({"x": "y" * (MOST_TEXT // 2 + 1)})


def test_a_template_over_the_limit_is_refused() -> None:
    with pytest.raises(jinja2.TemplateSyntaxError):
        compiled("y" * (MOST_TEMPLATE + 1))


def test_the_variables_of_a_template_are_those_that_it_reads() -> None:
    assert compiled("{{ a }}{% for b in c %}{{ b }}{{ d.e }}{% endfor %}{% set f = 1 %}{{ f }}").names == {
        "a",
        "c",
        "d",
    }


def test_rounding_to_a_thousand_million_places_is_no_filter_of_templates() -> None:
    with pytest.raises(jinja2.TemplateError):
        compiled("{{ 5|round(-10**9) }}")
