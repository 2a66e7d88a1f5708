"""Speech workers on RabbitMQ: other machines that speak, and what asks them to. From the top down:

packages      whether what speaks with RabbitMQ is installed
messages      what the two sides send each other, and which versions of it they understand
topology      how queues and exchanges are named and declared
declaring     the same queues and exchanges, declared at a broker
connection    one connection after the other to the broker, for as long as it is wanted
cancellations what nobody waits for any more
figures       what was done since the start
metrics       the same for Prometheus
replies       what is answered to one job
jobs          what is done with one job, from taking it to acknowledging it
knocking      waiting for an engine that is gone
watching      what a broker does without being asked
worker        what takes them, for as long as it is wanted
overview      who takes them at a broker, and how much waits
delays        how long something usually takes
calls         the replies to one job, put together: each frame once and in order
roster        which workers there are
link          one connection as the other side uses it
switchboard   held once by who asks: the link, the roster, and to whom each reply goes
asking        one text, said by workers: asked for, waited for, asked for again
hedging       two voices for one text: the second where the first is late
client        the voice of the workers
"""
