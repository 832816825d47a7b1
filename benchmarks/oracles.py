"""python -m benchmarks.oracles: the jar model against real batteries and PyBaMM, a line each."""

from battery_assets_tests.worlds.oracles import main

if __name__ == "__main__":
    main()
