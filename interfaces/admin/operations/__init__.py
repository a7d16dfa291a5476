"""Operations: what runs, what waits, what failed, who works, how the read models stand."""
