"""What nbval does not compare: pictures and pages of HTML, whose text is compared instead."""

SKIPPED = ("text/html", "text/latex", "image/svg+xml", "application/vnd.plotly.v1+json")


def pytest_collectstart(collector):
    if hasattr(collector, "skip_compare"):
        collector.skip_compare += SKIPPED
