"""The names that a step's checks have in common: stable, since Dagster keeps their history by them."""

FEW_REJECTED = "few_rows_rejected"
VOLUME = "volume_as_usual"
NAMESAKES = "no_namesakes"
COMPLETE = "every_row_has_a_mapping"
SOMEWHERE = "mappings_point_somewhere"
OWNED = "mappings_have_an_owner"
REGISTRATION = "registration_in_step"
