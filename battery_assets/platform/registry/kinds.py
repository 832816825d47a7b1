"""Where the data of a site, or of a lab, come from. Light to import, for the commands."""

SYNTHETIC, FILES = "synthetic", "files"
LAB_SYNTHETIC, LAB_FILES = "lab-synthetic", "lab-files"
LAB_SOURCES = (LAB_SYNTHETIC, LAB_FILES)
