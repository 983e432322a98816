"""The table of endpoints against the specification, in the test's own form."""

import pytest

from custom_components.atess.enerclo import ENDPOINTS, Kind, Operation, endpoint

DOCUMENTED, SEEN, CANDIDATE = "documented", "seen", "candidate"
DEVICE, LOGGER = ("deviceSn",), ("dataLogSn",)
PERIOD = ("deviceSn", "startDate", "endDate", "pageNo", "pageSize")

TABLE = """
hps_string latest GET documented hps/data-last-small
hps_string history GET seen hps/data-list-small
hps_string settings GET documented hps/small-setting
hps_string modify_settings PUT candidate hps/small-setting
hps_string base_info GET candidate hps/base-info-small hps/small-base-info
hps_string base_info_list GET candidate hps/base-info-small/list hps/small-base-info/list hps/base-info/list-small
hps_central latest GET seen hps/data-last
hps_central history GET documented hps/data-list
hps_central settings GET documented hps/big-setting
hps_central modify_settings PUT candidate hps/big-setting
hps_central base_info GET candidate hps/base-info hps/big-base-info hps/base-info-big
hps_central base_info_list GET candidate hps/base-info/list hps/big-base-info/list hps/base-info-big/list
pbd latest GET documented pbd/data-last
pbd history GET candidate pbd/data-list
pbd settings GET candidate pbd/setting pbd/pbd-setting
pbd modify_settings PUT candidate pbd/setting pbd/pbd-setting
pbd base_info GET candidate pbd/base-info
pbd base_info_list GET candidate pbd/base-info/list
pcs latest GET candidate pcs/data-last
pcs history GET candidate pcs/data-list
pcs settings GET candidate pcs/setting pcs/pcs-setting
pcs modify_settings PUT candidate pcs/setting pcs/pcs-setting
pcs base_info GET candidate pcs/base-info
pcs base_info_list GET candidate pcs/base-info/list
bcu latest GET candidate bms/bcu-data-last bms/buc-data-last
bcu history GET candidate bms/bcu-data-list bms/buc-data-list
bcu settings GET documented bms/bcu-setting
bcu modify_settings PUT candidate bms/bcu-setting
bcu base_info_list GET documented bms/buc-base-info/list
bcu base_info GET candidate bms/buc-base-info bms/bcu-base-info
mbms latest GET candidate bms/mbms-data-last
mbms history GET candidate bms/mbms-data-list
mbms settings GET candidate bms/mbms-setting
mbms modify_settings PUT candidate bms/mbms-setting
mbms base_info GET candidate bms/mbms-base-info
mbms base_info_list GET candidate bms/mbms-base-info/list
- data_log GET candidate datalog data-log
- data_log_list GET candidate datalog/list data-log/list
- add_data_log POST candidate datalog data-log
- delete_data_log DELETE candidate datalog data-log
- plant_list GET candidate plant/list plant
""".strip().splitlines()

PARAMS = {
    "latest": DEVICE,
    "history": PERIOD,
    "settings": DEVICE,
    "modify_settings": (),
    "base_info": DEVICE,
    "base_info_list": LOGGER,
    "data_log": LOGGER,
    "data_log_list": ("plantId",),
    "add_data_log": (),
    "delete_data_log": LOGGER,
    "plant_list": ("pageNo", "pageSize"),
}


@pytest.mark.parametrize("line", TABLE)
def test_row(line: str) -> None:
    kind, operation, method, grade, *paths = line.split()
    row = endpoint(None if kind == "-" else Kind(kind), Operation(operation))
    assert row.method == method
    assert [candidate.path for candidate in row.paths] == paths
    assert {candidate.grade for candidate in row.paths} == {grade}
    assert row.params == PARAMS[operation]
    assert row.key == (operation if kind == "-" else f"{kind}.{operation}")


def test_nothing_beside_the_table() -> None:
    assert len(ENDPOINTS) == len(TABLE) == len({row.key for row in ENDPOINTS})
