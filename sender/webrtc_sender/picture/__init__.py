"""Where pictures come from: camera, test pattern, slate."""
