"""The examples of docs/site.md are right: an integrator may copy them."""

import re
from pathlib import Path

from edge.site.load import load_site, read_gateway
from tests.edge.site.good import write

GUIDE = (Path(__file__).parents[3] / "docs" / "site.md").read_text("utf-8")


def after(heading: str, fence: str) -> str:
    """The first block with that fence behind a heading."""
    part = GUIDE[GUIDE.index(f"\n## {heading}\n") :]
    match = re.search(rf"```{fence}\n(.*?)```", part, re.DOTALL)
    assert match is not None
    return match[1]


def test_the_least_site_of_the_guide_has_nothing_wrong(tmp_path: Path) -> None:
    write(tmp_path, after("site.toml", "toml"), after("meters.csv", ""))
    assert load_site(tmp_path).problems == ()


def test_the_gateway_file_of_the_guide_has_nothing_wrong(tmp_path: Path) -> None:
    path = tmp_path / "gateway.toml"
    path.write_text(after("gateway.toml", "toml"), encoding="utf-8")
    assert read_gateway(path).line["b1"].port == "/dev/ttyS1"
