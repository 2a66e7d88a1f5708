"""Speech workers on RabbitMQ: other machines that speak, and what asks them to. From the top down:

messages      what client and worker send each other, and which versions of it they understand
topology      how queues and exchanges are named and declared
connection    one connection after the other to the broker, for as long as it is wanted
"""
