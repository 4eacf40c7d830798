import threading

from tavi_perception.nodes.mailbox import Mailbox


def test_the_newest_item_is_taken_and_the_others_are_counted():
    mailbox = Mailbox()
    for item in (1, 2, 3):
        mailbox.put(item)
    assert (mailbox.take(), mailbox.overwritten) == (3, 2)


def test_a_taken_item_is_not_counted_as_overwritten():
    mailbox = Mailbox()
    mailbox.put(1)
    mailbox.take()
    mailbox.put(2)
    assert mailbox.overwritten == 0


def test_closing_wakes_the_one_who_waits():
    mailbox = Mailbox()
    taken = []
    waiter = threading.Thread(target=lambda: taken.append(mailbox.take()))
    waiter.start()
    mailbox.close()
    waiter.join(timeout=10)
    assert taken == [None]
