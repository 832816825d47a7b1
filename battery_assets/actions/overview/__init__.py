"""What a person sees at a glance: the fleet, a site, a jar, an incident, the data, the models."""
