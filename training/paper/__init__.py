"""The networks of Danilov et al. 2021 (Front. Cardiovasc. Med. 8:697737), as published."""
