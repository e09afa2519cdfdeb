"""The systems that users can leave for, one small file each."""
