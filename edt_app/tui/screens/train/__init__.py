"""Screen 7: a training's curves as they grow, and the run behind them."""
