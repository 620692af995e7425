"""FastAPI around `mlflow.pyfunc`, as most examples show it."""

import sys
from pathlib import Path
from typing import Any

import mlflow.pyfunc
import pandas as pd
import uvicorn
from fastapi import FastAPI

model = mlflow.pyfunc.load_model(str(Path(sys.argv[2]) / "mlflow"))
app = FastAPI()


@app.post("/predict")
async def predict(row: dict[str, Any]) -> dict[str, Any]:
    return {"prediction": model.predict(pd.DataFrame([row])).tolist()}


uvicorn.run(app, port=int(sys.argv[1]), log_level="warning", access_log=False)
