"""What must hold of a record type: the gateway asks the same before it starts."""

from threekeys_parking_permit import ParkingPermit

from schemas.records import faults_of


def test_the_record_type_is_sound() -> None:
    assert list(faults_of(ParkingPermit)) == []
