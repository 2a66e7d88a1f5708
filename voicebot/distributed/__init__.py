"""Speech workers on RabbitMQ: other machines that speak, and what asks them to. From the top down:

messages      what client and worker send each other, and which versions of it they understand
topology      how queues and exchanges are named and declared
connection    one connection after the other to the broker, for as long as it is wanted
cancellations which jobs nobody waits for any more
figures       what a worker has done since it was started
replies       what a worker answers to one job
jobs          what a worker does with one job
worker        a worker: takes jobs for as long as it is wanted
"""
