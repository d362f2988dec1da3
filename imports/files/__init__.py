"""Networks in files: NIR, in HDF5. It needs h5py."""

from .nir_file import NirFileError, Stated, read

__all__ = ["NirFileError", "Stated", "read"]
