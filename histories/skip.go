package histories

// skip reads any JSON value and forgets it.
func (s *scanner) skip(depth int) {
	switch c := s.peek(); {
	case c == '"':
		s.bytes()
	case c == '[' || c == '{':
		s.skipAll(c, depth)
	case c == '-' || c-'0' <= 9:
		s.number()
	case s.literal("null") || s.literal("true") || s.literal("false"):
	default:
		s.fail(RuleSyntax, "a JSON value")
	}
}

func (s *scanner) skipAll(open byte, depth int) {
	if depth >= MaxDepth {
		s.fail(RuleValue, tooDeep)
		return
	}
	end := open + 2 // in ASCII both brackets close two places after they open
	s.begin(open, "a list or an object")
	for first := true; s.more(first, end); first = false {
		if open == '{' {
			s.key()
		}
		s.skip(depth + 1)
	}
}

// number reads any JSON number.
func (s *scanner) number() {
	if s.peek() == '-' {
		s.pos++
	}
	if s.peek() == '0' {
		s.pos++
	} else {
		s.digits()
	}
	if s.peek() == '.' {
		s.pos++
		s.digits()
	}
	if c := s.peek(); c == 'e' || c == 'E' {
		s.pos++
		if c := s.peek(); c == '+' || c == '-' {
			s.pos++
		}
		s.digits()
	}
}

func (s *scanner) digits() {
	start := s.pos
	for s.pos < len(s.data) && s.data[s.pos]-'0' <= 9 {
		s.pos++
	}
	if s.pos == start {
		s.fail(RuleSyntax, "a digit")
	}
}
