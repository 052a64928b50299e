-- Gift wrapping came into the list before the card: what was third is fourth from then on.
update saga set step = step + 1 where step >= 2
