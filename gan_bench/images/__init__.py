"""Everything about image data: the forms it has, sets of images, files, arrays, pictures, and what the tasks start from."""
