"""The service desk (客户服务中心): the use cases of tickets, from receiving to erasure."""
