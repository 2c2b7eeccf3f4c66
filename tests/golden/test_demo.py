"""README.md shows what the demo prints."""

import demo


def test_the_readme_shows_lines_that_the_demo_prints():
    lines = set(demo.printed())
    assert demo.shown()
    assert [line for line in demo.shown() if line not in lines] == [], "run make docs; a line that is gone is to be chosen anew"
