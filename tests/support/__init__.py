"""What several of the test packages stand on: servers on loopback, data made by hand, and ways to look at folders."""
