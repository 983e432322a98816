"""The members of each kind as the field specification lists them, written down for the tests."""


def _words(text: str) -> list[str]:
    return text.split()


HPS_STRING = _words("""
bipvBuck1 bipvBuck2 bipvBuck3 bmsStatus bmsVoltStatus bvbus bvbusNega bvbusPosi bypassFreq checkTime deviceSn
ebatChargeTimeTotal ebatChargeTotal ebatDischargeTimeTotal ebatDischargeTotal echargeTimeToday echargeToday
edischargeTimeToday edischargeToday effectiveness egridTimeToday egridTimeTotal egridToday egridTotal eloadTimeToday
eloadTimeTotal eloadToday eloadTotal epvTimeToday epvTimeTotal epvToday epvTotal etoGridTimeToday etoGridTimeTotal
etoGridToday etoGridTotal gactivePower gapparentPower greactivePower gvpvu gvpvv gvpvw inductorCurr ipva ipvb ipvc
ipvu ipvv ipvw loadActivePower loadApparentPower loadIu loadIv loadIw loadPf loadReactivePower maxChargeCurr
maxDischargeCurr maxTemp maxTempGroup maxTempNum maxVolt maxVoltCell maxVoltGroup maxVoltNum meterPower minTemp
minTempGroup minTempNum minVolt minVoltCell minVoltGroup minVoltNum mvpv outvu outvv outvw pac ppv ppv1 ppv2 ppv3
runModel status systemNo temp temp1 temp2 temp4 time vbat vpv vpv2 vpv3 vpvun vpvvn vpvwn
""")
HPS_CENTRAL = _words("""
atsBypass bactivePower bapparentPower breactivePower batFlag batcdct batldt batnir batpir bipvBuck3 bmsProtection
bmsShowStatus bmsStatus bmsVoltStatus bmstc bmstv bvbus bvbusNega bvbusPosi bypassFreq capacity cfdllc1 cfdllc2
deviceSn dgGridPower dgGridSelect ebatChargeTimeTotal ebatChargeTotal ebatDischargeTimeTotal ebatDischargeTotal
echargeTimeToday echargeToday edischargeTimeToday edischargeToday effectiveness egridTimeToday egridTimeTotal
egridToday egridTotal eloadTimeToday eloadTimeTotal eloadToday eloadTotal envTemp epvTimeToday epvTimeTotal epvToday
epvTotal etoGridTimeToday etoGridTimeTotal etoGridToday etoGridTotal fac gridFlag gridFreq gvpvuv gvpvvw gvpvwu ibat
iboard ibuck1 ibuck2 ibuck3 ibuck4 ibuck5 inductorCurr insulDetecNega insulDetecPosi invuv invvw invwu ipv ipv2 ipva
ipvb ipvc ipvu ipvv ipvw loadActivePower loadIa loadIb loadIc loadPf loadReactivePower lost maxChargeCurr
maxDischargeCurr maxMinTempCell maxTemp maxTempNum maxVolt maxVoltCell maxVoltNum maxminVoltCell minTemp
minTempGroup minTempNum minVolt minVoltCell minVoltGroup minVoltNum mvpv oilMachineEnable pac pac1 pac2 pf pfSymbol
ppv ppv1 ppv2 ppv3 pv1Volt pv2NegVolt pv2Volt pv3NegVolt pv3PosVolt pv3Volt pvnir1 pvpir1 rac runModel runStatus
scrtemp selfTime soc status sysFaultWord1 sysFaultWord2 sysFaultWord3 sysFaultWord4 sysFaultWord5 sysFaultWord6
sysFaultWord7 sysFaultWord8 sysFaultWord9 temp1 temp2 temp3 temp4 temp5 temp6 time typeFlag vbat vpv vpv2 vpv3 vpvun
vpvuv vpvvn vpvvw vpvwn vpvwu
""")
PCS = _words("""
atsBypass bactivePower bapparentPower bipv bipvu bipvv bipvw bmsProtection bmsStatus bmsVoltStatus breactivePower
bvbus bvbusNega bvbusPosi bvpv bvpvuv bvpvvw bvpvwu bypassFreq capacity deviceSn dgGridPower dgGridSelect
echargeTimeToday echargeTimeTotal echargeToday echargeTotal edischargeTimeToday edischargeTimeTotal edischargeToday
edischargeTotal electricState gfdi1 gfdi2 gridFreq gridInverterFlag gridTimeToday gridTimeTotal gridToday gridTotal
i1a i1b i1c loadActivePower loadApparentPower loadIa loadIb loadIc loadPf loadReactivePower loadTimeToday
loadTimeTotal loadToday loadTotal lost maxChargeCurr maxDischargeCurr maxMinTempCell maxTemp maxTempNum maxVolt
maxVoltCell maxVoltNum maxminVoltCell minTemp minTempGroup minTempNum minVolt minVoltCell minVoltGroup minVoltNum
mvpv outApparentPower outReactivePower pacToBattery pacToGrid pbdFlag pbdOutPower pcsActivePower pf pfSymbol
powerGird ppv pvEnergy risoBatn risoBatp runModel selfTime soc status sysFaultWord1 sysFaultWord2 sysFaultWord3
sysFaultWord4 sysFaultWord5 sysFaultWord6 sysFaultWord7 sysFaultWord8 systemNo temp1 temp2 temp3 temp4 temp5 temp6
time toGridTimeToday toGridTimeTotal toGridToday toGridTotal toPowerGird typeFlag vacFrequency vacu vacuv vacv vacvw
vacw vacwu vpvuv vpvvw vpvwu
""")
PBD = _words("""
bipvBuck1 bipvBuck2 bipvBuck3 bipvBuck4 bipvBuck5 bmsProtection bmsStatus bmsVoltStatus bvbus bvout capacity
deviceSn echargeTimeToday echargeTimeTotal echargeToday echargeTotal edischargeTimeToday edischargeTimeTotal
edischargeToday edischargeTotal electricState envTemp eoutToday eoutTotal epvTimeToday epvTimeTotal epvToday
epvTotal ipv ipv1 ipv2 ipv3 ipv4 ipv5 lost maxChargeCurr maxDischargeCurr maxMinTempCell maxTemp maxTempNum maxVolt
maxVoltCell maxVoltNum maxminVoltCell minTemp minTempGroup minTempNum minVolt minVoltCell minVoltGroup minVoltNum
mvpv pbdBatPower pbdOutPowe ppv ppv1 ppv2 ppv3 ppv4 ppv5 risoBatn risoBatp risoBusn risoBusp risoPVn risoPVp
runModel selfTime status sysFaultWord1 sysFaultWord2 sysFaultWord3 sysFaultWord4 sysFaultWord5 sysFaultWord6
systemNo temp tempoutBuckL tempoutBuckModule temppvBuckL temppvBuckModule time typeFlag vbat vpv vpv1 vpv2 vpv3 vpv4
vpv5
""")
BCU = _words("""
address dataLogSn deviceNo deviceSn firmwareVersion lost status systemNo updateTime batFlag bmsStatus bmsVoltStatus
bmstc bmstv capacity cbat maxChargeCurr maxDischargeCurr maxTemp maxTempGroup maxTempNum maxTempStr maxVolt
maxVoltCell maxVoltGroup maxVoltNum maxVoltStr minTemp minTempGroup minTempNum minTempStr minVolt minVoltCell
minVoltGroup minVoltNum minVoltStr mvpv soc soh time vbat
""")
MBMS = BCU
HV_ONLY = _words("""
pv1Volt pv2NegVolt pv2Volt pv3NegVolt pv3PosVolt pv3Volt
""")
BCU_BASE_INFO = _words("""
address dataLogSn deviceNo deviceSn firmwareVersion lost status systemNo updateTime
""")
BCU_SETTINGS = _words("""
batCellNumber batPackNumber cellFullChargeVoltage cellFullDischargeVoltage chargingCurrentCalibrationDenominator
chargingCurrentCalibrationNumerator currentCalibrationEnable currentRatio dischargingCurrentCalibrationDenominator
dischargingCurrentCalibrationNumerator level1CellVoltHighWarning level1CellVoltLowWarning
level1ChargeCurrHighWarning level1ChargeTEMPHighWarning level1ChargeTEMPLowWarning level1DischargeCurrHighWarning
level1DischargeTEMPHighWarning level1DischargeTEMPLowWarning level2CellVoltHighFault level2CellVoltLowFault
level2ChargeCurrHighFault level2ChargeTEMPHighFault level2ChargeTEMPLowFault level2DischargeCurrHighFault
level2DischargeTEMPHighFault level2DischargeTEMPLowFault level3CellVoltHighProtection level3CellVoltLowProtection
level3ChargeCurrHighProtection level3ChargeTEMPHighProtection level3ChargeTEMPLowProtection
level3DischargeCurrHighProtection level3DischargeTEMPHighProtection level3DischargeTEMPLowProtection
pasBalWaitTimeHour
""")
PBD_SETTINGS = _words("""
bmsEnable gridDetectionTime icharge ioutMax ioutMin ipvLMax ipvMax onOff outPowerMax powerStart restore risoEnable
risomin rsAddr safety socMax socMin type vmpptMax vmpptMin voutMax voutMin vpvMax vstart
""")
