package cognitotest

import (
	"strings"
	"unicode"
)

// check returns the first reason that the service gives for refusing a password, as an exception.
func (policy *PasswordPolicy) check(password string) error {
	// What the service counts as a symbol; a space does, inside.
	const symbols = "^$*.[]{}()?-\"!@#%&/\\,><':;|_~`+= "
	has := func(is func(rune) bool) bool { return strings.IndexFunc(password, is) >= 0 }
	switch {
	case len([]rune(password)) < policy.MinimumLength:
		return errPolicy("Password not long enough")
	case policy.RequireLowercase && !has(unicode.IsLower):
		return errPolicy("Password must have lowercase characters")
	case policy.RequireUppercase && !has(unicode.IsUpper):
		return errPolicy("Password must have uppercase characters")
	case policy.RequireNumbers && !has(unicode.IsDigit):
		return errPolicy("Password must have numeric characters")
	case policy.RequireSymbols && !strings.ContainsAny(strings.TrimSpace(password), symbols):
		return errPolicy("Password must have symbol characters")
	default:
		return nil
	}
}

// passwordForm checks what holds for passwords whatever the policy.
func passwordForm(v *validation, member, password string) {
	v.length(member, password, 1, 256)
	if strings.TrimSpace(password) != password {
		v.fail(member, `Member must satisfy regular expression pattern: ^[\S]+.*[\S]+$`)
	}
}
