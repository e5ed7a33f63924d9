"""What our speed is, as ratios against yardsticks measured in the same run. ``python -m benchmarks`` prints them."""
