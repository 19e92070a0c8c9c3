"""What a sweep asks of a profile, and what `check` reckons a sweep to take, are one thing."""

import edge.plan.profiles
import edge.site.fields


def test_the_sweep_time_of_check_counts_the_exchanges_that_the_sweep_makes() -> None:
    asked = edge.plan.profiles.profiles()
    spoken = {
        name: profile.exchanges
        for name, profile in edge.site.fields.profiles().items()
        if "dlt645" in profile.protocols
    }
    assert spoken == {name: len(asked[name]) for name in spoken}
    assert spoken
