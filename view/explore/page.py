def page(points, settings, name, file, source):
    return "x"
