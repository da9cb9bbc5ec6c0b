"""The adapter contract as tests: inherit one class, give three or four fixtures, run pytest.

    class TestPrimaryCare(AdapterConformance):
        @pytest.fixture
        async def adapter(self): ...    # a real one against a real source; close it afterwards
        @pytest.fixture
        async def broken(self): ...     # the same, with its source gone
        @pytest.fixture
        def known(self): ...            # a Query for somebody whom the source holds
        @pytest.fixture
        def unknown(self): ...          # a Query for somebody whom it does not

This room alone imports pytest: the kinds themselves never do.
"""

from adapters.conformance.contract import AdapterConformance

__all__ = ["AdapterConformance"]
