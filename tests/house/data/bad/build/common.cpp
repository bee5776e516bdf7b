not read: built
