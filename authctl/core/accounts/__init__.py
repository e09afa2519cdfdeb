"""What every room above needs of an account: finding it, storing it, slowing down whoever guesses at it."""
