"""Where the data of a site, or of a lab, come from. Light to import, for the commands."""

SYNTHETIC, FILES = "synthetic", "files"
LAB_SYNTHETIC, LAB_FILES, LAB_CYCLES = "lab-synthetic", "lab-files", "lab-cycles"
LAB_SOURCES = (LAB_SYNTHETIC, LAB_FILES, LAB_CYCLES)
