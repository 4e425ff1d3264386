"""How the review screen is laid out, by the room there is."""

CSS = """
ReviewScreen #status { height: 1; padding: 0 1; background: $surface; }
ReviewScreen #main { height: 1fr; }
ReviewScreen #main > Panes { width: 1fr; }
ReviewScreen .pane { overflow: hidden hidden; }
ReviewScreen #queue { width: 46; }
ReviewScreen #top { height: 13; }
ReviewScreen #item { width: 1fr; height: 100%; }
ReviewScreen #verdict { width: 44; height: 100%; }
ReviewScreen #history { height: 1fr; text-wrap: nowrap; text-overflow: ellipsis; }
ReviewScreen #status, ReviewScreen #acts { text-wrap: nowrap; text-overflow: ellipsis; }
ReviewScreen #call { height: 11; }
ReviewScreen #acts { height: auto; max-height: 5; padding: 0 1; background: $surface; }
ReviewScreen.-very-wide #queue { width: 54; }
ReviewScreen.-wide #top { layout: vertical; height: 17; }
ReviewScreen.-wide #item, ReviewScreen.-wide #verdict { width: 100%; }
ReviewScreen.-wide #item { height: 1fr; }
ReviewScreen.-wide #verdict { height: 8; }
ReviewScreen.-low #top { height: 9; }
ReviewScreen.-low #call { height: 6; }
ReviewScreen.-wide.-low #top { height: 15; }
ReviewScreen.-wide.-low #call { display: none; }
ReviewScreen.-narrow #main { layout: vertical; }
ReviewScreen.-narrow #queue { width: 100%; height: 7; border: none; padding: 0; }
ReviewScreen.-narrow #main > Panes { height: 1fr; }
ReviewScreen.-narrow .pane { border: none; border-top: solid $edge; padding: 0 1; }
ReviewScreen.-narrow #verdict { width: 42; }
ReviewScreen.-narrow #top, ReviewScreen.-short #top { height: 7; }
ReviewScreen.-wide.-short #top { height: 12; }
ReviewScreen.-wide.-short #verdict { height: 6; }
ReviewScreen.-narrow #call, ReviewScreen.-short #call { display: none; }
ReviewScreen.-tall.-narrow #queue { height: 40%; }
"""
