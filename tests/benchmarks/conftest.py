from tests.assessment.domain.conftest import real_data

__all__ = ["real_data"]
