"""What the sandbox pushes: topics, who listens to them, and the frames that follow from the exchange's own events."""
