"""What leaves for others (数据交换): each receiver's own sequence of what it may see, and how it is taken."""
