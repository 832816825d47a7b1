"""A source contract is right, or says in one line what is wrong."""

import pytest

from battery_assets.ingest.exports.contract import ContractError, SourceContract


def test_an_empty_config_is_a_tolerant_iso_csv_source_without_a_zone():
    contract = SourceContract.from_config({})
    assert (contract.timezone, contract.policy, contract.time_format) == (None, "tolerant", "iso")


def test_a_config_is_read_and_can_be_hashed():
    contract = SourceContract.from_config({"timezone": "Asia/Bangkok", "null_words": ["NULL"]})
    assert contract.null_words == ("NULL",)
    assert hash(contract) == hash(SourceContract(timezone="Asia/Bangkok", null_words=("NULL",)))


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"timezone": "Bangkok"}, "timezone: 'Bangkok' is no IANA time zone"),
        ({"time_zone": "Asia/Bangkok"}, "unknown key 'time_zone'; did you mean 'timezone'?"),
        ({"policy": "lenient"}, "policy: 'lenient'; allowed: 'tolerant', 'strict'"),
        ({"extra_columns": True}, "extra_columns: True; allowed"),
        ({"json_dialect": "yaml"}, "json_dialect: 'yaml'; allowed"),
        ({"separator": ":"}, "separator: ':'; allowed"),
        ({"decimal": ","}, "a decimal comma needs another separator"),
        ({"time_format": "dd/mm/yyyy"}, "time_format: 'dd/mm/yyyy'; allowed"),
        ({"null_words": "NULL"}, "null_words: 'NULL'; expected a list of texts"),
        ({"rename": ["a", "b"]}, "rename: ['a', 'b']; expected names in the file"),
        ({"null_words": [0]}, "expected a list of texts"),
        ({"bad_rows_limit": -1}, "bad_rows_limit: -1; expected a whole number"),
        ({"bad_rows_limit": True}, "bad_rows_limit: True; expected a whole number"),
        ({"bad_share_limit": 2}, "bad_share_limit: 2; expected a number between 0 and 1"),
        ({"positive_current": "in"}, "positive_current: 'in'; allowed: 'charges', 'discharges'"),
        ({"unordered": "no"}, "unordered: 'no'; expected true or false"),
        ({"comment": ""}, "comment: ''; expected 1 to 8 characters"),
        ("tolerant", "expected keys and values, found str"),
    ],
)
def test_a_bad_contract_names_the_key_the_value_and_what_is_allowed(config, words):
    with pytest.raises(ContractError) as error:
        SourceContract.from_config(config)
    assert words in str(error.value)
    assert "\n" not in str(error.value)
