"""The data plane: models, the door, arms, probation children and the protocols they answer."""
