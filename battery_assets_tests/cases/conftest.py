import pytest
@pytest.fixture
def shown(record_property):
    def say(case, words):
        print(case.name, '->', words)
    return say
