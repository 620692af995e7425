"""FastAPI as a careful engineer writes it: one Pydantic model, the native booster, one thread, no pandas."""

import sys
from pathlib import Path

import lightgbm
import numpy as np
import uvicorn
from fastapi import FastAPI
from pydantic import create_model

booster = lightgbm.Booster(model_file=Path(sys.argv[2]) / "model.txt")
names = [f"x{n:02d}" for n in range(20)]
Row = create_model("Row", **dict.fromkeys(names, (float, ...)))
app = FastAPI()


@app.post("/predict")
async def predict(row: Row) -> dict[str, float]:
    values = np.array([[getattr(row, name) for name in names]])
    return {"score": float(booster.predict(values, num_threads=1)[0])}


uvicorn.run(app, port=int(sys.argv[1]), log_level="warning", access_log=False)
