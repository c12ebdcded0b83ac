"""Files and libraries of others: reading and writing what they understand."""
