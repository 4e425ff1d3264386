"""How the monitor is laid out, by the room there is."""

CSS = """
TrainScreen #status { height: 1; }
TrainScreen #lower { height: 4; }
TrainScreen #table { width: 1fr; height: 1fr; padding: 0 1; }
TrainScreen #facts { display: none; width: 60; height: 1fr; padding: 0 1; }
TrainScreen #log { height: 3; padding: 0 1; border-top: solid $edge; }
TrainScreen.-very-wide.-tall #lower { height: 11; }
TrainScreen.-very-wide.-tall #facts { display: block; }
TrainScreen.-very-wide.-tall #lower > Widget { border: round $edge; }
TrainScreen.-tall #log { height: 7; }
TrainScreen.-large #lower, TrainScreen.-large #log { display: none; }
"""
