"""What a training is asked for: the recipe, its file, its checks and the heads that it settles."""
