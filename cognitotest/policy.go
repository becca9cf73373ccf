package cognitotest

import (
	"regexp"
	"slices"
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
func passwordForm(v *validation, password string) {
	v.length("password", password, 1, 256)
	if strings.TrimSpace(password) != password {
		v.fail("password", `Member must satisfy regular expression pattern: ^[\S]+.*[\S]+$`)
	}
}

var (
	emailPattern = regexp.MustCompile(`^[^@\s]+@[^@\s]+$`)
	phonePattern = regexp.MustCompile(`^\+[0-9]{1,20}$`)
)

func isEmail(s string) bool { return emailPattern.MatchString(s) }
func isPhone(s string) bool { return phonePattern.MatchString(s) }

// standardAttributes are those of every pool that users may write.
var standardAttributes = []string{
	"name", "given_name", "family_name", "middle_name", "nickname", attrPreferred, "profile", "picture", "website",
	attrEmail, "gender", "birthdate", "zoneinfo", "locale", attrPhone, "address", "updated_at",
}

// checkAttributes checks the attributes of a sign-up and returns them by name.
func (p *pool) checkAttributes(list []attribute) (map[string]string, error) {
	attributes := map[string]string{}
	for _, a := range list {
		switch {
		case a.Name == attrSub || a.Name == attrEmailVerified || a.Name == attrPhoneVerified:
			return nil, errWriteAttribute
		case !slices.Contains(standardAttributes, a.Name) && !strings.HasPrefix(a.Name, "custom:"):
			return nil, invalidParameter("user." + a.Name + ": Attribute does not exist in the schema.\n")
		case len([]rune(a.Value)) > 2048:
			return nil, invalidParameter("user." + a.Name + ": String must be no longer than 2048 characters")
		case a.Name == attrEmail && !isEmail(a.Value):
			return nil, errEmailForm
		case a.Name == attrPhone && !isPhone(a.Value):
			return nil, invalidParameter("Invalid phone number format.")
		}
		attributes[a.Name] = a.Value
	}
	return attributes, nil
}

// checkRequired says which of the pool's required attributes are missing, a line each.
func (p *pool) checkRequired(attributes map[string]string) error {
	var missing strings.Builder
	for _, name := range p.cfg.RequiredAttributes {
		if attributes[name] == "" {
			missing.WriteString(name + ": The attribute is required\n")
		}
	}
	if missing.Len() > 0 {
		return invalidParameter("Attributes did not conform to the schema: " + missing.String())
	}
	return nil
}
