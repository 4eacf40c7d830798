"""Runs the command."""

from training.annotations.command import main

raise SystemExit(main())
