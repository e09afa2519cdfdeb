"""The systems that users come from, one small file each."""
