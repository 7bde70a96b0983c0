"""Exchange with other systems (数据交换): foreign logs in, books and reports out as Excel."""
